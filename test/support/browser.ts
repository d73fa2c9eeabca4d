import { existsSync } from "node:fs";

/** A Chromium of this machine; `npm test` installs one where it can. */
export function needBrowser(): string {
  const found = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
    existsSync(path),
  );
  if (found === undefined)
    throw new Error("no Chromium on this machine: install it (on Debian: apt-get install chromium)");
  return found;
}
