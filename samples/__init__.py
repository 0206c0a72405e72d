"""Small mailboxes for the README, the demonstration and the tests, made by `python -m samples.generate`.

A year at an invented publishing house: a contract, invoices, photographs, newsletters, and the broken mail
that every mailbox has. Nobody in it is real; every address is of example.org or example.com (RFC 2606), every
IP address of a documentation network (RFC 5737).

The messages are the same bytes on every machine and on every run, so that their digests can be written down:
no clock, no locale, no hash order, and no compression library inside a message. Only the standard library is
used, and not its generator of messages, whose output varies from version to version.
"""
