import { serveDatabases } from './serve-databases.ts';

// The entry of the process in which plugins' SQL is made.
serveDatabases(process);
