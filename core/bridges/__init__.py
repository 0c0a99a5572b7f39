"""Ways to other programs: one file each, its library optional and imported when it is used."""
