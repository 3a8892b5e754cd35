import { conformanceCommand } from './command.ts';

process.exit(await conformanceCommand(process.argv.slice(2), (text) => console.log(text)));
