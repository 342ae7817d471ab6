// Drives a phone network through Twilio's Node library and tells what it saw: drive.mjs BASE_URL ACCOUNT TOKEN

import { createRequire } from "node:module";
import { join } from "node:path";

const library = join(process.env.TWILIO_SDK_NODE, "node_modules", "twilio");
const twilio = createRequire(import.meta.url)(library);
const [baseUrl, account, token] = process.argv.slice(2);
const from = "+15005550006";
const hello = "<Response><Say>Hello</Say></Response>";

const clientWith = (secret) => {
  const client = twilio(account, secret);
  client.api.baseUrl = baseUrl;
  return client;
};
const refused = async (request) => {
  try {
    await request();
  } catch (refusal) {
    return `${refusal.status} ${refusal.code}`;
  }
  return "not refused";
};
const goWrong = (faults) => fetch(`${baseUrl}/_faults`, { method: "POST", body: JSON.stringify(faults) });
const tell = (...words) => console.log(...words);

const client = clientWith(token);
const call = (to, more = {}) => client.calls.create({ to, from, twiml: hello, ...more });

tell("account:", (await client.api.accounts(account).fetch()).status);
const first = await call("+14155550100", { timeout: 30, machineDetection: "Enable", record: true });
tell("first:", first.status, first.direction, "to", first.to);
const fetched = await client.calls(first.sid).fetch();
tell("fetched:", fetched.sid === first.sid && fetched.to === first.to ? "the same call" : fetched.sid);

const others = [];
for (const nth of [1, 2, 3, 4, 5, 6]) others.push(await call(`+1415555010${nth}`));
tell("made in all:", (await client.calls.list({ pageSize: 2 })).length);
tell("three at most:", (await client.calls.list({ limit: 3 })).length);
tell("to one number:", (await client.calls.list({ to: "+14155550103" })).length);
tell("to nobody:", (await client.calls.list({ to: "+14155550199" })).length);
const queued = (await client.calls.list({ status: "queued", pageSize: 3 })).length;
tell("queued:", [6, 7].includes(queued) ? "6 or 7" : queued);
const tomorrow = new Date(Date.now() + 24 * 60 * 60 * 1000);
tell("started after tomorrow:", (await client.calls.list({ startTimeAfter: tomorrow })).length);

const last = client.calls(others.at(-1).sid);
tell("cancelled:", (await last.update({ status: "canceled" })).status);
tell("cancelled in all:", (await client.calls.list({ status: "canceled" })).length);
tell("cancelled again:", await refused(() => last.update({ status: "canceled" })));
await client.calls(first.sid).update({ status: "completed" });
const over = (await client.calls(first.sid).fetch()).status;
tell("completed:", ["queued", "ringing", "in-progress"].includes(over) ? over : "over");
tell("what was asked of the first:", (await client.calls(first.sid).events.list()).length);
tell("recordings:", (await client.calls(others[0].sid).recordings.list()).length);
tell("numbers:", (await client.incomingPhoneNumbers.list()).length);

tell("no such call:", await refused(() => client.calls(`CA${"0".repeat(32)}`).fetch()));
tell("no number:", await refused(() => call("nobody")));
tell("no such number:", await refused(() => call("+15005550001")));
tell("nothing to say:", await refused(() => client.calls.create({ to: "+14155550100", from })));
tell("wrong token:", await refused(() => clientWith("wrong").calls(first.sid).fetch()));
await goWrong({ create: { too_many_requests: 1.0 } });
tell("too many requests:", await refused(() => call("+14155550100")));
await goWrong({});
tell("as before:", (await call("+14155550100")).status);
