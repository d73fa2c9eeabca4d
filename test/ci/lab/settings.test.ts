import { describe, expect, it } from "vitest";
import { engineConfig } from "../../../ci/lab/engine.js";
import { knownHostsLine } from "../../../ci/lab/keys.js";
import { freeSubnet, networkOf } from "../../../ci/lab/network.js";

describe("engineConfig", () => {
  const registry = "10.0.0.2:5000";

  it("reaches the lab's registry by plain HTTP", () => {
    expect(engineConfig(registry, false)).toEqual({ registries: { [registry]: { http: true } } });
  });

  it("takes it for Docker Hub where that cannot be reached", () => {
    expect(engineConfig(registry, true)).toEqual({
      registries: { "docker.io": { mirrors: [registry] }, [registry]: { http: true } },
    });
  });
});

describe("knownHostsLine", () => {
  it("pins type and key to the address and leaves the comment out", () => {
    expect(knownHostsLine("10.0.0.9", "ssh-ed25519 AAAAC3 target-1\n")).toBe("10.0.0.9 ssh-ed25519 AAAAC3\n");
  });
});

describe("the lab's network", () => {
  it("takes the first range that the machine has no address in", () => {
    expect(freeSubnet(["10.1.0", "10.2.0"], ["192.168.1.7"])).toBe("10.1.0");
    expect(freeSubnet(["10.1.0", "10.2.0"], ["10.1.15.1"])).toBe("10.2.0");
    expect(freeSubnet(["10.1.0", "10.2.0"], ["10.1.16.1"])).toBe("10.1.0");
    expect(() => freeSubnet(["10.1.0"], ["10.1.0.1"])).toThrow("taken on this machine: 10.1.0");
  });

  it("keeps targets away from the addresses of registry and engine, within its range", () => {
    const network = networkOf("net", "192.168.208");
    expect([network.registry, network.engine]).toEqual(["192.168.208.2", "192.168.208.3"]);
    for (let i = 0; i < 1000; i++) {
      const [a, b, third, fourth] = network.someTarget().split(".").map(Number);
      expect([a, b]).toEqual([192, 168]);
      expect(third).toBeGreaterThanOrEqual(209);
      expect(third).toBeLessThanOrEqual(222);
      expect(fourth).toBeGreaterThanOrEqual(1);
      expect(fourth).toBeLessThanOrEqual(254);
    }
  });
});
