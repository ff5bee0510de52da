import { Agent, createServer } from 'node:http';
import { closeInOrder, listen } from '../http-listening.ts';
import { checkedFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { FaultPlan } from './fault-plan.ts';
import type { HitCounts } from './fault-plan.ts';
import { serveWithFaults } from './faulty-exchange.ts';
import type { Answered, Arrived, FaultyExchange } from './faulty-exchange.ts';

export interface FaultProxyOptions {
  /** Base URL of the FHIR server behind it, http only: `http://127.0.0.1:8080/fhir`. */
  readonly target: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Throws the dice: from 0 to below 1. */
  readonly random?: () => number;
}

type Listener<T> = (told: T) => Promise<void> | void;

/** A reverse proxy before a FHIR server. Without faults it changes nothing but the server's base URL into its own. */
export interface FaultProxy {
  readonly port: number;
  /** Stands for the server's base URL. */
  readonly baseUrl: string;
  /** @returns takes the fault away again @throws RangeError when it is no fault */
  inject(fault: Fault): () => void;
  /**
   * Tells of a request that is to go to the server, which hears nothing before the listener is done. One that fails cuts
   * the connection, and `stop` throws what it threw.
   *
   * @returns takes the listener away again
   */
  onArrived(listener: Listener<Arrived>): () => void;
  /** As `onArrived`, when the server has answered: the client hears nothing before the listener is done. */
  onAnswered(listener: Listener<Answered>): () => void;
  /** How many requests each kind of fault has hit. */
  hitCounts(): HitCounts;
  /**
   * Answers what has arrived, then closes the connections; who is being delayed is cut off.
   *
   * @throws AggregateError of what listeners have thrown
   */
  stop(): Promise<void>;
}

/** @throws RangeError when the target is no http URL; when the port is taken */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { host = '127.0.0.1', port: wantedPort = 0, random = Math.random } = options;
  const target = baseUrlOf(options.target);
  const plan = new FaultPlan(random);
  const agent = new Agent({ keepAlive: true });
  const stopping = new AbortController();
  const arrived = new Listeners<Arrived>();
  const answered = new Listeners<Answered>();
  const failures = new Set<unknown>();
  const server = createServer({ keepAliveTimeout: 60_000 });
  const port = await listen(server, host, wantedPort);
  const baseUrl = `http://${host}:${port}${target.slice(new URL(target).origin.length)}`;
  const exchange: FaultyExchange = {
    ...{ target, baseUrl, plan, agent, stopping: stopping.signal, failures },
    arrived: (request) => arrived.tell(request),
    answered: (answer) => answered.tell(answer),
  };
  const open = new Set<Promise<void>>();
  server.on('request', (request, response) => {
    const served = serveWithFaults(exchange, request, response).finally(() => open.delete(served));
    open.add(served);
  });
  return {
    port,
    baseUrl,
    inject: (fault) => plan.add(checkedFault(fault)),
    onArrived: (listener) => arrived.add(listener),
    onAnswered: (listener) => answered.add(listener),
    hitCounts: () => plan.hitCounts(),
    async stop() {
      stopping.abort();
      await closeInOrder(server, open);
      agent.destroy();
      if (failures.size > 0) throw new AggregateError(failures, 'A listener of the fault proxy failed');
    },
  };
}

class Listeners<T> {
  readonly #listeners = new Set<Listener<T>>();

  add(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One after the other. */
  async tell(told: T): Promise<void> {
    for (const listener of this.#listeners) await listener(told);
  }
}

/** Without a slash at the end. */
function baseUrlOf(target: string): string {
  const url = URL.parse(target);
  if (url?.protocol !== 'http:' || url.search !== '' || url.hash !== '') {
    throw new RangeError(
      'Expected the target of a fault proxy to be an http URL without query: http://127.0.0.1:8080/fhir',
    );
  }
  return url.href.replace(/\/+$/, '');
}
