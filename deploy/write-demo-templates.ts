import { writeDemoTemplates } from '../sandbox/demo-templates.ts';

/** Writes the samples, joined into one pair of files, into the folder that is given; files that are there stay. */
writeDemoTemplates(process.argv[2] ?? '.');
