import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { parseComposeFile } from './compose-file.ts';
import { brokenRules } from './compose-rules.ts';
import { dockerfileProblems, hasHealthCheck } from './dockerfile-rules.ts';
import { dockerComposeProblems, lintCompose } from './lint-compose.ts';
import { misspeltVariables } from './variable-rules.ts';

export interface DeploymentProblems {
  readonly problems: readonly string[];
  /** What could not be looked at. */
  readonly notes: readonly string[];
}

/** Looks at the compose file and the Dockerfile of a folder, with everything that this machine has for it. */
export function deploymentProblems(folder: string): DeploymentProblems {
  const compose = readFileSync(join(folder, 'docker-compose.yml'), 'utf8');
  const dockerfile = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  const found = dockerComposeProblems(folder);
  return {
    problems: [
      ...[...composeProblems(compose, folder, dockerfile), ...(found ?? [])].map(
        (text) => `docker-compose.yml: ${text}`,
      ),
      ...dockerfileProblems(dockerfile).map((text) => `Dockerfile: ${text}`),
    ],
    notes: found === undefined ? ['Docker Compose is not installed here: docker compose config was not asked'] : [],
  };
}

/** Everything that is wrong with the text of a compose file; the folder is where its paths start from. */
export function composeProblems(text: string, folder: string, dockerfile: string): string[] {
  const linted = lintCompose(text);
  try {
    const context = { folder, imageHasHealthCheck: hasHealthCheck(dockerfile) };
    const { written, file } = parseComposeFile(text);
    return [...linted, ...misspeltVariables(written), ...brokenRules(file, context)];
  } catch (error) {
    // The linter has a better word for what is no compose file at all.
    if (linted.length > 0) return linted;
    return [error instanceof z.ZodError ? z.prettifyError(error) : String(error)];
  }
}
