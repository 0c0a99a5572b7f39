"""Six simulated months: rows drawn by a use case's generator, scored by its models, with planted episodes.

`drawing` dates the rows and changes their inputs, `outcomes` draws what happened, `building` scores and logs,
`versions` finds the version that acted before, `complaints` writes down cases, `job` runs it all and takes it out.
"""
