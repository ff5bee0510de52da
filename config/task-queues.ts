/** Task queues of a deployment. FHIR calls have their own, so that their rate limit holds for all workers together. */
export function taskQueuesOf(deployment: string): { readonly workflows: string; readonly fhir: string } {
  return { workflows: deployment, fhir: `${deployment}-fhir` };
}
