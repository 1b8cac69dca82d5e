"""Schemes: the routes by which a patient may be selected, kept as files."""
