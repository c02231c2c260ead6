"""A model checker of the running server: it writes, reads, kills, and compares what it was told.

It looks at the server from outside alone. Every write is kept with the time at which it began and
at which it was acknowledged, and every answer that a reader gets is held against that history:

    LOST       acknowledged, and not with a reader that has read to the end
    DUPLICATE  told twice
    ORDER      two readers, or a page, have another order; a date of an entry has changed
    REALTIME   told before what had been acknowledged before it began
    STALE      a 304, an empty page or a head that hides what was acknowledged before it was asked
    PHANTOM    told, and never sent, or refused, or not of that feed
    REMOVAL    deleted, or no longer of the feed, and still there
    ETAG       one ETag, or one address of a full archive, with two bodies
    ARCHIVE    who walked the archives has another state than the feed
    COUNT      a list of feeds counts more or less activities than the feed has
    ID         an id in another form than the one that was sent
    ANSWER     an answer that nobody should get

What was not acknowledged because the server died may be there or not, but for all readers alike.

    python -m tests.checker --seconds 8 --kills 3 --seed 1
    make soak ARGS="--minutes 20"

`--bug NAME` plants a fault into the server first (`planted.py`): it must be found.
"""
