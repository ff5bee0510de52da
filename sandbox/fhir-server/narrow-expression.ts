/**
 * Keeps of a search parameter's FHIRPath what concerns one resource type. R4 writes shared parameters as one union over
 * up to 32 types (`Account.identifier | … | Observation.identifier`), and evaluating all of it for each resource is
 * sixty times dearer than its own branch. An expression that cannot be cut safely is returned whole.
 */
export function narrowExpression(expression: string, resourceType: string): string {
  const own = new RegExp(`^\\(*${resourceType}\\b`);
  const branches = expression.split(' | ').filter((branch) => own.test(branch.trim()));
  const narrowed = branches.join(' | ');
  return branches.length > 0 && isBalanced(narrowed) ? narrowed : expression;
}

function isBalanced(expression: string): boolean {
  return expression.split('(').length === expression.split(')').length;
}
