import * as core from '@actions/core';

/** Adds to the job summary. Outside of a workflow there is none to write to. */
export async function writeSummary(markdown: string): Promise<void> {
  if (process.env['GITHUB_STEP_SUMMARY']) await core.summary.addRaw(markdown, true).write();
}
