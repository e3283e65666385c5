// The HTTP path of many events in one request.
import { problems } from '#src/platform/errors.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { sendEvent } from '../state-machine.commands.ts';
import { askerFor, nameOfEvent } from '../state-machine.policy.ts';
import { presentAnswer, presentRefusal } from './batch.presenter.ts';
import { batchBody, batchOutput } from './batch.schema.ts';

/** Leaves room for the number of an event behind it. */
const mostKeyChars = 250;

/** Routes of this area. */
export const routes = [
  defineRoute({
    method: 'post',
    path: '/api/state-machines/events',
    summary: 'Send many events to machines: an answer each; those for one machine are taken in their order',
    auth: 'user',
    scope: 'self',
    body: batchBody,
    output: batchOutput,
    commands: [sendEvent],
    handle: async (request) => {
      const asker = askerFor(request.caller);
      const key = request.header('idempotency-key');
      if (key !== undefined && key.length > mostKeyChars) {
        throw problems.malformed(`The Idempotency-Key of many events takes at most ${mostKeyChars} characters`);
      }
      // All at once: what is submitted in one turn is accepted by one write, in this order.
      const answers = await Promise.allSettled(
        request.body.events.map(async (event, index) => {
          const position = key === undefined ? undefined : `${key}[${index}]`;
          return await request.submit(sendEvent, { ...event, asker }, 200, nameOfEvent(event) ?? position);
        }),
      );
      const about = { path: '/api/state-machines/events', requestId: request.requestId };
      return {
        status: 200,
        body: {
          data: answers.map((answer) =>
            answer.status === 'fulfilled' ? presentAnswer(answer.value) : presentRefusal(answer.reason, about),
          ),
        },
      };
    },
  }),
];
