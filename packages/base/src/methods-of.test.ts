import { expect, it } from 'vitest';
import { methodsOf } from './methods-of.ts';

it('names the methods of an object and of its classes, and reads no getter', () => {
  class Base {
    inherited() {}
  }
  class Service extends Base {
    own() {}
    get trap(): () => void {
      throw new Error('It was read.');
    }
  }
  const service = Object.assign(new Service(), { added: () => {}, text: 'no method' });
  expect(methodsOf(service).sort()).toEqual(['added', 'inherited', 'own']);
});
