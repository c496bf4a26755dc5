"""Error and notice texts as TWS words them. Source: the API's message codes."""

from __future__ import annotations

TEXTS = {
    100: "Max rate of messages per second has been exceeded.",
    103: "Duplicate order id",
    104: "Cannot modify a filled order.",
    110: "The price does not conform to the minimum price variation for this contract.",
    135: "Can't find order with id =",
    161: "Cancel attempted when order is not in a cancellable state.",
    162: "Historical Market Data Service error message:",
    200: "No security definition has been found for the request",
    201: "Order rejected - reason:",
    202: "Order Canceled - reason:",
    321: "Error validating request:",
    322: "Error processing request:",
    326: "Unable to connect as the client id is already in use. Retry with a unique client id.",
    354: "Requested market data is not subscribed.",
    366: "No historical data query found for ticker id:",
    399: "Order Message:",
    420: "Invalid Real-time Query:",
    1100: "Connectivity between IBKR and Trader Workstation has been lost.",
    1101: "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IBKR and Trader Workstation has been restored - data maintained.",
    1300: "TWS socket port has been reset and this connection is being dropped. Please reconnect on the new port -",
    2103: "Market data farm connection is broken:usfuture",
    2104: "Market data farm connection is OK:usfuture",
    2105: "HMDS data farm connection is broken:ushmds",
    2106: "HMDS data farm connection is OK:ushmds",
    2107: "HMDS data farm connection is inactive but should be available upon demand.ushmds",
    2108: "Market data farm connection is inactive but should be available upon demand.usfuture",
    2109: 'Order Event Warning: Attribute "Outside Regular Trading Hours" is ignored based on the order type and destination.',
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored automatically.",
    2119: "Market data farm is connecting:usfuture",
    2157: "Sec-def data farm connection is broken:secdefil",
    2158: "Sec-def data farm connection is OK:secdefil",
    10089: "Requested market data requires additional subscription for API. See link in 'Market Data Connections' dialog for more details.",
    10147: "OrderId {id} that needs to be cancelled is not found.",
    10148: "OrderId {id} that needs to be cancelled can not be cancelled, state: {state}.",
    10167: "Requested market data is not subscribed. Displaying delayed market data.",
    10168: "Requested market data is not subscribed. Delayed market data is not enabled.",
    10182: "Failed to request live updates (disconnected).",
    10197: "No market data during competing live session",
    10225: "Bust event occurred, current subscription is deactivated. Please resubscribe real-time bars immediately.",
    10326: "OCA group revision is not allowed.",
    10349: "Order TIF was set to DAY based on order preset.",
}
READ_ONLY = "Error validating request.-'b{number}' : cause - The API interface is currently in Read-Only mode."
PACING = "Historical Market Data Service error message:Historical data request pacing violation"


def text_of(code: int) -> str:
    """The text of a code; a plain sentence for one this gateway does not know."""
    return TEXTS.get(code, f"Message {code}.")
