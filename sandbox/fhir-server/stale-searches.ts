import type { FhirRequest, FhirResponse, FhirRouteHandler } from '@medplum/fhir-router';
import type { Bundle } from '@medplum/fhirtypes';

/**
 * Searches that found nothing, and may be answered so for a while although something has been stored meanwhile, as HAPI
 * does. A client that asks for it (`Cache-Control: no-cache`) gets the truth.
 */
export class StaleSearches {
  readonly #keptMs: number;
  readonly #now: () => number;
  readonly #empty = new Map<string, { until: number; answer: FhirResponse }>();

  constructor(keptMs: number, now: () => number) {
    this.#keptMs = keptMs;
    this.#now = now;
  }

  around(search: FhirRouteHandler): FhirRouteHandler {
    return async (request, repository, router, options) => {
      const key = searchKey(request);
      const remembered = this.#empty.get(key);
      const isUsable = remembered !== undefined && remembered.until > this.#now();
      if (isUsable && !/no-cache/i.test(request.headers?.['cache-control'] ?? '')) return remembered.answer;
      const answer = await search(request, repository, router, options);
      this.#forgetOld();
      this.#empty.delete(key); // so that the youngest stand last
      if (isEmpty(answer)) this.#empty.set(key, { until: this.#now() + this.#keptMs, answer });
      return answer;
    };
  }

  #forgetOld(): void {
    for (const [key, { until }] of this.#empty) {
      if (until > this.#now()) return;
      this.#empty.delete(key);
    }
  }
}

function searchKey({ params, query, body }: FhirRequest): string {
  return JSON.stringify([params['resourceType'], query, body]);
}

function isEmpty([, resource]: FhirResponse): boolean {
  return resource !== undefined && ((resource as Bundle).entry ?? []).length === 0;
}
