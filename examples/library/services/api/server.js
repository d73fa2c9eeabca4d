import http from "node:http";

/** Answers `/items` with what there is, and `/health`. */
export function createServer() {
  return http.createServer((request, response) => {
    if (request.url === "/health") return response.end("ok\n");
    if (request.url !== "/items") return response.writeHead(404).end("not found\n");
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(["tea", "coffee"]));
  });
}
