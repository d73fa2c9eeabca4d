import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type Users, usersIn } from "../../../ci/lab/users.js";

let folder: string;
let users: Users;
const checkout = (name: string) => {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return path;
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-users-"));
  users = usersIn(join(folder, "users"));
});

describe("users", () => {
  it("are none at first", () => {
    expect(users.list()).toEqual([]);
  });

  it("are counted once each, and are gone when removed", () => {
    const [a, b] = [checkout("a"), checkout("b")];
    for (const user of [a, b, a]) users.add(user);
    expect([...users.list()].sort()).toEqual([a, b]);
    users.remove(a);
    users.remove(a);
    expect(users.list()).toEqual([b]);
  });

  it("do not include a checkout that was deleted without `down`", () => {
    const gone = checkout("gone");
    users.add(gone);
    rmSync(gone, { recursive: true });
    expect(users.list()).toEqual([]);
  });
});
