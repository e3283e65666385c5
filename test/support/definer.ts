// A server where machines are registered, made and moved over HTTP, with the owner that does their work.
import assert from 'node:assert/strict';
import { audit } from '#src/platform/audit/audit.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Timers } from '#src/platform/machines/store.ts';
import type { Service } from '#src/platform/registry.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from './accounts.ts';
import { startServer, type Reply, type TestServer } from './http.ts';

/** Where definitions are. */
export const definitions = '/api/state-machines/definitions';

function startOwners({ registry }: TestServer): Owner[] {
  const owners = [machinesWorker(registry), workOwner(registry, 'gamification')];
  owners.forEach((owner) => owner.start());
  return owners;
}

/** An admin who defines machines, and somebody whom orders are about. */
export class Definer {
  readonly server: TestServer;
  readonly admin: LoggedIn;
  readonly buyer: LoggedIn;
  #owners: readonly Owner[];

  private constructor(server: TestServer, owners: readonly Owner[], admin: LoggedIn, buyer: LoggedIn) {
    this.server = server;
    this.#owners = owners;
    this.admin = admin;
    this.buyer = buyer;
  }

  /** Serves, `more` as well, and does the work of machines and of points. */
  static async start(more: readonly Service[] = []): Promise<Definer> {
    const services = [userService, authService, gamificationService, stateMachineService, audit, ...more];
    const server = await startServer(services);
    return new Definer(server, startOwners(server), await logInAdmin(server), await registerSomebody(server, 'Buyer'));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#owners.map(async (owner) => await owner.stop()));
    await this.server.close();
  }

  /** Lets other owners do the work from now on, which know nothing of what these remember. */
  async changeOwners(): Promise<void> {
    await Promise.all(this.#owners.map(async (owner) => await owner.stop()));
    this.#owners = startOwners(this.server);
  }

  async call(method: string, path: string, body?: unknown, by = this.admin): Promise<Reply> {
    return await this.server.call(method, path, { token: by.accessToken, ...(body === undefined ? {} : { body }) });
  }

  async register(type: string, definition: unknown, more: object = {}, by = this.admin): Promise<Reply> {
    return await this.call('POST', definitions, { type, definition, ...more }, by);
  }

  /** Registers what must be new, and gives its version. */
  async registered(type: string, definition: unknown, more: object = {}): Promise<number> {
    const reply = await this.register(type, definition, more);
    assert.equal(reply.status, 201, reply.text);
    return (reply.body as { version: number }).version;
  }

  /** Makes an order, and gives the version it runs on. */
  async create(type: string, id: string, input: object = { buyer: this.buyer.user.id }): Promise<number> {
    const reply = await this.call('POST', '/api/state-machines/create', { type, id, input });
    assert.equal(reply.status, 201, reply.text);
    return (reply.body as { version: number }).version;
  }

  async send(type: string, id: string, event: object, by = this.admin): Promise<Reply> {
    return await this.call('POST', `/api/state-machines/${type}/${id}/event`, event, by);
  }

  async state(type: string, id: string): Promise<unknown> {
    return (await this.call('GET', `/api/state-machines/${type}/${id}/state`)).body;
  }

  /** Makes the one timer that an instance waits for due. */
  async overdue(type: string, id: string): Promise<void> {
    const due = { $set: { dueAt: new Date(Date.now() - 1_000) } };
    const moved = await Timers.native().updateMany({ instance: `${type}.${id}`, state: 'armed' }, due);
    assert.equal(moved.modifiedCount, 1);
  }
}

/** Pointer and code of each part of a problem. */
export function errorsOf({ body }: Reply): [string, string][] {
  const { errors = [] } = body as { errors?: { pointer: string; code: string }[] };
  return errors.map(({ pointer, code }) => [pointer, code]);
}
