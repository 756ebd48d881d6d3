"""What a traced curve is, and everything that builds or walks its tree: one file a purpose, one dispatch table an
output.
"""
