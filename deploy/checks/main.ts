import { deploymentProblems } from './deployment-problems.ts';

/** `npm run deployment`: says what is wrong with docker-compose.yml and the Dockerfile, and ends with 1 when anything is. */
const { problems, notes } = deploymentProblems(process.cwd());
for (const line of [...notes, ...problems]) process.stdout.write(`${line}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
