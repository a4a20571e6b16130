"""THE ACCOUNT PAGE. What the signed-in user sees and changes of themselves in a browser: connections, sessions, the end.

Every page is a GET that changes nothing, every change a form of its own; nothing needs script.
"""

from litestar.types import ControllerRouterHandler

from broker.account.arrived import arrived
from broker.account.confirm import ask_to_confirm, confirm
from broker.account.connections import connect, list_connections, renew, show_connection
from broker.account.deletion import ask_to_delete, delete_account, deleted
from broker.account.disconnecting import ask_to_disconnect, disconnect
from broker.account.home import home, return_to_app, sign_in, sign_out
from broker.account.sessions import end_all, end_session, list_sessions
from broker.account.ticket import make_ticket

account_doors: list[ControllerRouterHandler] = [
    *(make_ticket, home, sign_in, sign_out, return_to_app),
    *(arrived, ask_to_confirm, confirm),
    *(list_connections, show_connection, connect, renew, ask_to_disconnect, disconnect),
    *(list_sessions, end_session, end_all),
    *(ask_to_delete, delete_account, deleted),
]
