/** This product, as servers and logs see it. A test holds it equal to `package.json`. */
export const productVersion = '0.1.0';

/** osquery's own name comes first: servers store it as the version of the agent. */
export function userAgent(osqueryVersion: string): string {
  return `osquery/${osqueryVersion} osquery-remote/${productVersion}`;
}
