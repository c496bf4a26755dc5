// @stoqey/ib (npm) against the gateway: prints the same facts as client_official.py.
// Run by run.py in a folder where the package is installed: node client_stoqey.cjs PORT
const { createRequire } = require("module");
const { IBApi, EventName } = createRequire(process.cwd() + "/")("@stoqey/ib");

const port = Number(process.argv[2]);
const ib = new IBApi({ host: "127.0.0.1", port, clientId: 13 });
const seen = {};
const status = {};
const note = (name, value) => (seen[name] ??= []).push(value);
const until = (condition, what) =>
  new Promise((resolve, reject) => {
    const end = Date.now() + 20000;
    const look = () => {
      if (condition()) resolve();
      else if (Date.now() > end) reject(new Error(`waited in vain for ${what}; seen ${JSON.stringify(seen).slice(0, 3000)}`));
      else setTimeout(look, 5);
    };
    look();
  });
const got = (name) => until(() => seen[name], name);

ib.on(EventName.nextValidId, (id) => note("nextValidId", id));
ib.on(EventName.managedAccounts, (list) => note("accounts", list));
ib.on(EventName.accountSummary, (_r, _a, tag, value) => note("summary", [tag, value]));
ib.on(EventName.accountSummaryEnd, () => note("summaryEnd", 1));
ib.on(EventName.position, (_a, _c, size) => note("position", size));
ib.on(EventName.positionEnd, () => note("positionEnd", 1));
ib.on(EventName.contractDetails, (_r, details) => note("details", details));
ib.on(EventName.contractDetailsEnd, () => note("detailsEnd", 1));
ib.on(EventName.realtimeBar, (_r, _t, _o, _h, _l, close) => note("bar", close));
ib.on(EventName.tickPrice, (_r, kind, price) => note("tick", [kind, price]));
ib.on(EventName.historicalData, (_r, date) => (String(date).startsWith("finished") ? note("historyEnd", 1) : note("history", date)));
ib.on(EventName.openOrder, (id, _c, order) => note("openOrder", [id, order.orderRef, order.parentId]));
ib.on(EventName.orderStatus, (id, state) => (status[id] = state));
ib.on(EventName.execDetails, (_r, _c, execution) => note("exec", execution.execId));
ib.on(EventName.execDetailsEnd, () => note("execEnd", 1));
ib.on(EventName.commissionReport, (report) => note("commission", report.commission));
ib.on(EventName.completedOrder, (_c, order, state) => note("completed", `${order.orderRef} ${state.status}`));
ib.on(EventName.completedOrdersEnd, () => note("completedEnd", 1));
ib.on(EventName.error, (_error, code, id) => note("error", [id, code]));

const future = (fields) => ({ symbol: "MES", secType: "FUT", exchange: "CME", currency: "USD", ...fields });
const order = (action, orderType, totalQuantity, orderRef, fields) => ({ action, orderType, totalQuantity, orderRef, tif: "DAY", transmit: true, ...fields });
const errors = () => (seen.error ?? []).map(([id, code]) => `${id} ${code}`);

async function main() {
  ib.connect();
  await got("nextValidId");
  let next = seen.nextValidId[0];
  ib.reqAccountSummary(901, "All", "NetLiquidation,AvailableFunds,FullAvailableFunds,InitMarginReq,MaintMarginReq");
  ib.reqPositions();
  ib.reqContractDetails(902, future());
  for (const name of ["summaryEnd", "positionEnd", "detailsEnd"]) await got(name);
  const contract = future({ localSymbol: seen.details[0].contract.localSymbol });
  ib.reqRealTimeBars(903, contract, 5, "TRADES", false);
  ib.reqMktData(904, contract, "", false, false);
  ib.reqHistoricalData(905, contract, "", "3600 S", "1 min", "TRADES", 0, 2, false);
  for (const name of ["historyEnd", "tick", "bar"]) await got(name);
  const price = seen.bar.at(-1);
  const market = next++;
  ib.placeOrder(market, contract, order("BUY", "MKT", 1, "x-market"));
  await until(() => status[market] === "Filled" && seen.commission, "the market fill");
  const [parent, target, stop] = [next++, next++, next++];
  ib.placeOrder(parent, contract, order("BUY", "LMT", 1, "x-entry", { lmtPrice: price - 50, transmit: false }));
  ib.placeOrder(target, contract, order("SELL", "LMT", 1, "x-target", { lmtPrice: price, parentId: parent, transmit: false }));
  ib.placeOrder(stop, contract, order("SELL", "STP", 1, "x-stop", { auxPrice: price - 60, parentId: parent }));
  await until(() => [parent, target, stop].every((id) => status[id]), "the bracket");
  ib.cancelOrder(parent);
  await until(() => [parent, target, stop].every((id) => status[id] === "Cancelled"), "the bracket's end");
  const [big, off] = [next++, next++];
  ib.placeOrder(big, contract, order("BUY", "LMT", 500, "x-big", { lmtPrice: price - 50 }));
  ib.placeOrder(off, contract, order("BUY", "LMT", 1, "x-off", { lmtPrice: price - 50.1 }));
  await until(() => errors().includes(`${big} 201`) && errors().includes(`${off} 110`), "the rejections");
  ib.reqExecutions(906, {});
  ib.reqCompletedOrders(false);
  await got("execEnd");
  await got("completedEnd");
  await until(() => (seen.position ?? []).includes(1), "the position");
  const unique = (list) => [...new Set(list)].sort();
  const facts = {
    accounts: seen.accounts[0],
    net_liquidation: seen.summary.find(([tag]) => tag === "NetLiquidation")[1],
    months: seen.details.map((each) => each.contract.localSymbol),
    bars: seen.bar.length > 0,
    quotes: unique(seen.tick.map(([kind]) => kind)).slice(0, 3),
    history: seen.history.length,
    bracket_parents: unique(seen.openOrder.filter(([, ref]) => ref === "x-stop").map(([, , id]) => id - parent)),
    executions: unique(seen.exec),
    commission: seen.commission[0],
    completed: unique(seen.completed),
    errors: unique(seen.error.map(([, code]) => code)),
  };
  ib.disconnect();
  console.log(JSON.stringify(facts));
  process.exit(0);
}
main().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
