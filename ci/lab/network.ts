import { BlockList } from "node:net";
import { networkInterfaces } from "node:os";
import type { Run } from "./command.js";
import type { Docker } from "./docker.js";
import type { Place } from "./place.js";

/** The lab's network: addresses are fixed, so that a target keeps its own across a restart. */
export interface Network {
  readonly name: string;
  readonly range: string;
  /** This machine, as engine and targets see it. */
  readonly machine: string;
  readonly registry: string;
  readonly engine: string;
  /** One of some thousand addresses for targets; two calls may give the same. */
  someTarget(): string;
}

// Outside of what Docker gives to its own networks, which the targets' daemons do as well.
const candidates = ["10.212.0", "10.129.0", "10.241.0", "192.168.208"];

export async function openNetwork(run: Run, docker: Docker, place: Place): Promise<Network> {
  const name = place.name("net");
  const found = await docker
    .cli(run, "network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", name)
    .catch(() => undefined);
  if (found) return networkOf(name, found.replace(/\.0\/20$/, ""));
  const subnet = freeSubnet(candidates, machineAddresses());
  await docker.cli(run, "network", "create", "--subnet", `${subnet}.0/20`, name);
  return networkOf(name, subnet);
}

export function networkOf(name: string, subnet: string): Network {
  const [prefix, third] = [subnet.split(".").slice(0, 2).join("."), Number(subnet.split(".")[2])];
  const random = (least: number, most: number) => least + Math.floor(Math.random() * (most - least + 1));
  return {
    name,
    range: `${subnet}.0/20`,
    machine: `${subnet}.1`,
    registry: `${subnet}.2`,
    engine: `${subnet}.3`,
    someTarget: () => `${prefix}.${third + random(1, 14)}.${random(1, 254)}`,
  };
}

/** The first candidate (a /20) that no address of the machine lies in. */
export function freeSubnet(subnets: readonly string[], addresses: readonly string[]): string {
  const free = subnets.find((subnet) => {
    const range = new BlockList();
    range.addSubnet(`${subnet}.0`, 20);
    return !addresses.some((address) => range.check(address));
  });
  if (!free)
    throw new Error(`every network the lab would use is taken on this machine: ${subnets.join(", ")}`);
  return free;
}

function machineAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address);
}
