import { get } from "node:http";

/** What a visitor gets; not by fetch, which sets the header Host by the address alone. */
export function visit(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(new URL(path, url), { headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve(answer.statusCode === 200 ? text.trim() : `HTTP ${answer.statusCode}`));
    });
    request.on("error", reject);
  });
}
