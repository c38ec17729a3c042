export { Ledgers } from './ledgers.ts';
