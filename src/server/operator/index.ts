export { OperatorApi, operatorPath } from './operator-api.ts';
