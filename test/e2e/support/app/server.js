// An app that fails as it is told by BEHAVIOUR, in JSON. Every time is in milliseconds since its first
// visitor: a candidate has none before the switch, so that a slow machine changes nothing.
const http = require("node:http");

const behaviour = JSON.parse(process.env.BEHAVIOUR || "{}");
const version = process.env.VERSION ?? "?";
let firstVisit = null;
let visits = 0;
const after = (ms) => ms !== undefined && firstVisit !== null && Date.now() - firstVisit >= ms;

if (behaviour.exitAtStart !== undefined) {
  console.error("cannot start: the configuration of the database is missing");
  process.exit(behaviour.exitAtStart);
}
// Not in one piece: what is never written to takes no memory.
const _needed = Array.from({ length: behaviour.needsMiB ?? 0 }, () => Buffer.alloc(1024 * 1024, 1));

function health(response) {
  if (after(behaviour.hangAfter)) return;
  if (behaviour.health === "missing") return response.writeHead(404).end("no such page");
  if (behaviour.health === "redirect") return response.writeHead(302, { location: "/login" }).end();
  if (behaviour.health === "fails") return response.writeHead(503).end("the cache is cold");
  if (behaviour.database === undefined) return response.end(`ok ${version}`);
  http
    .get(behaviour.database, (answer) => answer.resume().on("end", () => response.end("ok")))
    .on("error", () => response.writeHead(503).end("the database does not answer"));
}

function visit(request, response) {
  if (firstVisit === null) {
    firstVisit = Date.now();
    if (behaviour.dieAfter !== undefined) setTimeout(die, behaviour.dieAfter);
  }
  visits += 1;
  if (after(behaviour.hangAfter)) return;
  const broken =
    after(behaviour.brokenAfter) ||
    (request.method === "GET" && after(behaviour.brokenGetsAfter)) ||
    (behaviour.errorEvery !== undefined && visits % behaviour.errorEvery === 0);
  if (broken) return response.writeHead(500).end("broken");
  setTimeout(
    () => response.end(`version ${version}\n`),
    after(behaviour.slowAfter) ? behaviour.slowByMs : (behaviour.takesMs ?? 0),
  );
}

function die() {
  console.error("fatal: out of luck");
  process.exit(3);
}

const server = http.createServer((request, response) => {
  if (request.url === "/health") return health(response);
  if (request.url === "/env") return response.end(JSON.stringify(process.env));
  visit(request, response);
});
setTimeout(() => {
  server.listen(3000, () => console.log(`version ${version} listens on 3000`));
}, behaviour.startsAfter ?? 0);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
