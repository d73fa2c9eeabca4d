import type { Environment } from "./config.js";

/** Where visitors find the app: `publicUrl`, else its first domain, else the host itself. */
export function publicAddressOf({ publicUrl, site, host }: Environment): string {
  if (publicUrl !== null) return publicUrl;
  const scheme = site.tls.mode === "off" ? "http" : "https";
  const name = site.domains[0] ?? host.address;
  return `${scheme}://${name.includes(":") ? `[${name}]` : name}`;
}
