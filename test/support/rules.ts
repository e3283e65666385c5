// A server where rules are made and asked over HTTP, with the owners that commit what they are about.
import assert from 'node:assert/strict';
import { audit } from '#src/platform/audit/audit.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Work, type WorkRow } from '#src/platform/commands/work.ts';
import { traces } from '#src/platform/traces/traces.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from './accounts.ts';
import { startServer, type Reply, type TestServer } from './http.ts';

/** Where rules are. */
export const rulesPath = '/api/state-machines/rules';

/** A rule as it is shown. */
export interface RuleView {
  readonly name: string;
  readonly enabled: boolean;
  readonly matched: number;
  readonly failed: number;
  readonly stopped: number;
  readonly lastError: string | null;
}

/** What a rule that is about grants of one reason is asked when. */
export const onReason = (reason: string): object => ({ type: 'xp.added', if: `event.data.reason == "${reason}"` });

/** An admin who makes rules, and Ada, whose grants they are about. */
export class RuleMaker {
  readonly server: TestServer;
  readonly admin: LoggedIn;
  readonly ada: LoggedIn;
  readonly #owners: readonly Owner[];
  #made = 0;

  private constructor(server: TestServer, owners: readonly Owner[], admin: LoggedIn, ada: LoggedIn) {
    this.server = server;
    this.#owners = owners;
    this.admin = admin;
    this.ada = ada;
  }

  static async start(): Promise<RuleMaker> {
    const services = [userService, authService, gamificationService, stateMachineService, audit, traces];
    const server = await startServer(services);
    const owners = [machinesWorker(server.registry), workOwner(server.registry, 'gamification')];
    owners.forEach((owner) => owner.start());
    return new RuleMaker(server, owners, await logInAdmin(server), await registerSomebody(server, 'Ada'));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#owners.map(async (owner) => await owner.stop()));
    await this.server.close();
  }

  async call(method: string, path: string, body?: object, headers = {}): Promise<Reply> {
    return await this.server.call(method, path, { ...(body && { body }), token: this.admin.accessToken, headers });
  }

  /** Makes a rule and gives its name. */
  async make(rule: object, name = this.#nameOne()): Promise<string> {
    const reply = await this.call('POST', rulesPath, { name, ...rule });
    assert.equal(reply.status, 201, reply.text);
    return name;
  }

  #nameOne(): string {
    this.#made += 1;
    return `rule-${this.#made}`;
  }

  async remove(name: string): Promise<void> {
    assert.equal((await this.call('DELETE', `${rulesPath}/${name}`)).status, 204);
  }

  /** Grants Ada XP: an event that rules may be about. */
  async grant(reason: string, headers = {}): Promise<Reply> {
    const body = { userId: this.ada.user.id, amount: 5, reason };
    const reply = await this.call('POST', '/api/gamification/xp/add', body, headers);
    assert.equal(reply.status, 201, reply.text);
    return reply;
  }

  async view(name: string): Promise<RuleView> {
    return (await this.call('GET', `${rulesPath}/${name}`)).body as RuleView;
  }

  /** The work that a rule has caused. */
  async rowsOf(name: string): Promise<WorkRow[]> {
    return await Work.native()
      .find({ actor: 'system', idempotencyKey: { $gte: `r.${name}.`, $lt: `r.${name}/` } })
      .limit(2_000)
      .toArray();
  }
}
