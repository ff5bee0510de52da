import type { TemplateIssue } from '../../core/template-issue.ts';
import { readTemplateFile } from '../template-file.ts';
import type { TemplateNode } from '../template-file.ts';
import { lintCodings } from './codings.ts';
import { lintCompleteness } from './completeness.ts';
import { outlineContent } from './content-outline.ts';
import { outlineMapping } from './mapping-outline.ts';
import type { MappedObservation } from './mapping-outline.ts';
import { lintMistakenCodes } from './mistaken-codes.ts';
import { lintPartners } from './partners.ts';
import { lintPeriods } from './periods.ts';
import type { Warn } from './placed.ts';
import { lintUnits } from './units.ts';
import { lintVitalSigns } from './vital-sign-lint.ts';

/** The texts of a pair of files, or of one of them. */
export interface TemplateTexts {
  readonly deviceContent?: string | undefined;
  readonly fhirMapping?: string | undefined;
}

/** Findings by the file they concern, in its order. */
export interface LintFindings {
  readonly deviceContent: readonly TemplateIssue[];
  readonly fhirMapping: readonly TemplateIssue[];
}

/**
 * What is legal in template files and likely not meant: warnings beyond those of loading. Whatever can be read is looked
 * at, also when the file would be refused; how the files fit is asked when there are both.
 */
export function lintTemplates({ deviceContent, fhirMapping }: TemplateTexts): LintFindings {
  const content = openFile(deviceContent);
  const mapping = openFile(fhirMapping);
  const mapped = mapping.root && outlineMapping(mapping.root);
  if (mapping.root) lintCodings(mapping.root, mapping.warn);
  for (const { observation } of mapped ?? []) if (observation) lintObservation(observation, mapping.warn);
  if (content.root && mapped)
    lintPartners(outlineContent(content.root), mapped, { deviceContent: content.warn, fhirMapping: mapping.warn });
  return { deviceContent: content.findings.toSorted(byPlace), fhirMapping: mapping.findings.toSorted(byPlace) };
}

function openFile(text: string | undefined): {
  readonly root: TemplateNode | undefined;
  readonly warn: Warn;
  readonly findings: readonly TemplateIssue[];
} {
  const findings: TemplateIssue[] = [];
  // That a file cannot be read is said where it is loaded.
  const { root, issueAt } = readTemplateFile(text ?? '');
  return { root, findings, warn: (node, code, message) => findings.push(issueAt(node, 'warning', code, message)) };
}

function lintObservation(observation: MappedObservation, warn: Warn): void {
  lintCompleteness(observation, warn);
  lintMistakenCodes(observation, warn);
  lintUnits(observation, lintVitalSigns(observation, warn), warn);
  lintPeriods(observation, warn);
}

function byPlace(a: TemplateIssue, b: TemplateIssue): number {
  return a.line - b.line || a.column - b.column;
}
