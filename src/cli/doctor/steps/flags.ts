import { orOk, type Step, warning } from '../step.ts';

/** Is what stands in the flag file and in our own settings taken for what it means? */
export const flags: Step = {
  name: 'flags',
  needs: [],
  check(host) {
    const findings = [...host.flagProblems, ...host.settingProblems.map((text) => warning(text))];
    const isFromFile = host.given.size > 0;
    return orOk(findings, isFromFile ? `${host.given.size} are set` : 'as osqueryd has them now');
  },
};
