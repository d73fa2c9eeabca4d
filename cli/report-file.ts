import { accessSync, constants, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, EvenkeelError } from "../src/errors.js";
import { type RunReport, renderReport, reportFormatOf } from "../src/index.js";

export interface ReportFile {
  /** Waits for a run, and writes its report however it ended. */
  keep(run: Promise<RunReport>): Promise<RunReport>;
}

/**
 * Where the report of a run goes; checked before the run, because afterwards it is too late.
 *
 * @param warn told when it could not be written all the same, which says nothing about the run
 * @throws EvenkeelError `usage` for an ending that no report has, and a folder that cannot be written to
 */
export function reportFile(path: string, warn: (text: string) => void): ReportFile {
  const format = reportFormatOf(path);
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw new EvenkeelError("usage", `--report: ${path} cannot be written: ${describe(cause)}.`, {
      why: "The report is written at the end, into a folder that must be there.",
      next: "Name a file in a folder that exists, and run again. Nothing was done.",
      cause,
    });
  }
  const write = (report: RunReport) => {
    try {
      writeFileSync(path, renderReport(report, format));
    } catch (cause) {
      warn(`The report could not be written to ${path}: ${describe(cause)}`);
    }
  };
  return {
    async keep(run) {
      try {
        const report = await run;
        write(report);
        return report;
      } catch (error) {
        if (error instanceof EvenkeelError && error.report !== null) write(error.report);
        throw error;
      }
    },
  };
}
