"""The rules, one file each; a file is found by being here and names its rule `RULE`."""
