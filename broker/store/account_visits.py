"""What leads to the account page and is good once: an app's ticket, and who came back from a provider for it."""

from broker.core.records import AccountArrival, AccountTicket
from broker.store.drawer import TakeOnce


class AccountTickets(TakeOnce[AccountTicket]):
    kind = "account_ticket"
    lifetime = 60
    record = AccountTicket


class AccountArrivals(TakeOnce[AccountArrival]):
    kind = "account_arrival"
    lifetime = 60
    record = AccountArrival
