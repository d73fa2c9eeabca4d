// What the proxies are put in front of. It says who it is in a header, holds WebSockets and slow downloads,
// and from SIGUSR2 on answers every visit with 500, while its health check stays fine.
const { createHash } = require("node:crypto");
const http = require("node:http");

const version = process.env.VERSION ?? "?";
let broken = false;
process.on("SIGUSR2", () => {
  broken = true;
});

const server = http.createServer((request, response) => {
  response.setHeader("x-answered-by", version);
  if (request.url === "/health") return response.end("ok");
  if (request.url === "/download") return download(response);
  request.resume().on("end", () => {
    if (broken) response.statusCode = 500;
    response.end(broken ? "broken" : `version ${version}\n`);
  });
});

/** 20 seconds, in pieces. */
function download(response) {
  const piece = Buffer.alloc(1024, "x");
  let left = 40;
  response.setHeader("content-length", left * piece.length);
  const timer = setInterval(() => {
    response.write(piece);
    left -= 1;
    if (left > 0) return;
    clearInterval(timer);
    response.end();
  }, 500);
  response.on("close", () => clearInterval(timer));
}

/** Speaks every two seconds; the only thing that a client of the benchmark ever says is goodbye. */
server.on("upgrade", (request, socket) => {
  const accept = createHash("sha1")
    .update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join("\r\n")}\r\n\r\n`);
  const oneLetter = Buffer.from([0x81, 1, 0x2e]);
  const timer = setInterval(() => socket.write(oneLetter), 2000);
  socket.on("data", () => socket.end());
  socket.on("error", () => {});
  socket.on("close", () => clearInterval(timer));
});

// Longer than any proxy keeps an idle connection, so that no request is sent into one that closes.
server.keepAliveTimeout = 75_000;
server.listen(3000);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
