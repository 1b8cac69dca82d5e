"""Schemes: the routes by which a patient may be selected, kept as files.

`conditions` and `routes` say what a scheme may hold, `files` reads one, and `shipped` holds those that come with it.
"""
