import http from "node:http";

const page = `<!doctype html>
<title>Shop</title>
<ul id="items"></ul>
<script>
  fetch("https://api.example.com/items").then(async (answer) => {
    for (const item of await answer.json()) {
      document.querySelector("#items").append(Object.assign(document.createElement("li"), { textContent: item }));
    }
  });
</script>
`;

/** Answers `/` with the shop's page, which asks the api for its items, takes orders, and answers `/health`. */
export function createServer() {
  return http.createServer((request, response) => {
    if (request.url === "/health") return response.end("ok\n");
    if (request.url === "/orders" && request.method === "POST")
      return request.resume().on("end", () => response.writeHead(201).end("thank you\n"));
    if (request.url !== "/") return response.writeHead(404).end("not found\n");
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page);
  });
}
