"""Exact hashes and numbers of texts, such as patient ids: compiled loops over Arrow text.

There are two hash tables here, each for its own question. That of coded records (``numbering``, ``key_kernels``) gives
a number to each of any number of different texts of up to 250 bytes, such as codes, in the order in which they are
first seen: it grows, and holds every key. (Patients of coded records stand in many small tables of such keys, dealt out
by hash: :mod:`casemgmt.codes.by_id`.) That of registers (``long_texts``, ``hash_kernels``) numbers the few
different texts of a long column, such as practice codes: up to 65,536 texts of up to 16 bytes, piece by piece on
threads, in layouts with offsets and in views; of ids a register needs no numbers, only hashes and which of them repeat.
Neither can stand for the other without loss. Two million ids, all different, of 10 or of 36 characters are numbered by
the first in 256 and 511 ms and not at all by the second, whose question, whether any repeats, is answered by hashes in
26 and 49 ms. Two million rows of 36 different texts of 10 characters take the first 28 ms and the second 10 ms; of
practice codes of 6 characters both take 8 ms, but only the second takes views (two cores, warm, best of 5 to 7).
"""
