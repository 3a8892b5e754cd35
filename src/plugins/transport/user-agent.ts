import { productVersion } from '../../version.ts';

/** osquery's own name comes first: servers store it as the version of the agent. */
export function userAgent(osqueryVersion: string): string {
  return `osquery/${osqueryVersion} osquery-remote/${productVersion}`;
}
