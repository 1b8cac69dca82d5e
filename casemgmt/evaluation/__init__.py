"""Whether a model deserves its place: how well it tells, at the cut, practice by practice and group by group."""
