import { serveChildProcess } from '../serve-child-process.ts';
import { fixtureRuntime } from './child-runtime.fixture.ts';

serveChildProcess({ self: process, ...fixtureRuntime });
