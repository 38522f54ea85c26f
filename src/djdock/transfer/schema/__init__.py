"""Takes a schema apart so that rows load fast, and puts it together again as it was: all in the caller's transaction.

The order: `truncatable`, then in one transaction `suspend`, COPY … (FREEZE), `restore`, `set_sequences`, `changed`.
"""

from djdock.transfer.schema.comparison import changed
from djdock.transfer.schema.obstacles import Outlook, truncatable
from djdock.transfer.schema.restoration import restore
from djdock.transfer.schema.sequences import set_sequences
from djdock.transfer.schema.suspension import Suspended, suspend

__all__ = ["Outlook", "Suspended", "changed", "restore", "set_sequences", "suspend", "truncatable"]
