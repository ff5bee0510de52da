import { DockerfileParser } from 'dockerfile-ast';
import { validate, ValidationSeverity } from 'dockerfile-utils';

const { ERROR } = ValidationSeverity;
const STRICT = {
  deprecatedMaintainer: ERROR,
  directiveCasing: ERROR,
  emptyContinuationLine: ERROR,
  instructionCasing: ERROR,
  instructionCmdMultiple: ERROR,
  instructionEntrypointMultiple: ERROR,
  instructionHealthcheckMultiple: ERROR,
  instructionJSONInSingleQuotes: ERROR,
  instructionWorkdirRelative: ERROR,
};

/** Everything that is wrong with a Dockerfile: what a linter finds, and what every image of ours must have. */
export function dockerfileProblems(text: string): string[] {
  const found = validate(text, STRICT).map(({ range, message }) => {
    return `${range.start.line + 1}: ${typeof message === 'string' ? message : message.value}`;
  });
  const dockerfile = DockerfileParser.parse(text);
  const stages = new Set(dockerfile.getFROMs().map((from) => from.getBuildStage()));
  const bases = dockerfile.getFROMs().filter((from) => !stages.has(from.getImage()));
  const unpinned = bases.filter((from) => !/^\d+\.\d+\.\d+/.test(from.getImageTag() ?? ''));
  return [
    ...found,
    ...unpinned.map(
      (from) => `expected a version such as 24.21.0 as the tag of ${from.getImage() ?? 'the base image'}`,
    ),
    ...(endsAsRoot(dockerfile) ? ['expected a USER other than root at the end'] : []),
    ...(hasHealthCheck(text) ? [] : ['expected a HEALTHCHECK at the end']),
  ];
}

/** Whether the image that is made in the end checks its health. */
export function hasHealthCheck(text: string): boolean {
  return lastStage(DockerfileParser.parse(text)).some((instruction) => instruction.getKeyword() === 'HEALTHCHECK');
}

/** The versions of the images that it starts from. */
export function baseImages(text: string): string[] {
  return DockerfileParser.parse(text)
    .getFROMs()
    .map((from) => from.getImage() ?? '');
}

type Dockerfile = ReturnType<typeof DockerfileParser.parse>;

function endsAsRoot(dockerfile: Dockerfile): boolean {
  const users = lastStage(dockerfile).filter((instruction) => instruction.getKeyword() === 'USER');
  return ['', 'root', '0'].includes(users.at(-1)?.getArgumentsContent() ?? '');
}

function lastStage(dockerfile: Dockerfile): ReturnType<Dockerfile['getInstructions']> {
  const instructions = dockerfile.getInstructions();
  const last = instructions.findLastIndex((instruction) => instruction.getKeyword() === 'FROM');
  return instructions.slice(last + 1);
}
