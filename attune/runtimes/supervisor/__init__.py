"""The process that every piece of user code descends from, and dies with.

Modules in here run in a small process of their own, started without site packages:
they import the lightest parts of the standard library and each other, nothing else.
A worker's supervisor forks one keeper per action, and the keeper forks the action.
Both are subreapers, so whatever a process does to get away (double fork, setsid,
nohup), it ends up as a child of its keeper, or of the supervisor if the keeper died.
"""
