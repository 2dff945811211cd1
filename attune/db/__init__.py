"""Everything that knows SQL: models, repositories, PL/pgSQL and sessions.

There is no query anywhere else; a repository is bound to one transaction.
"""
