import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  Module,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { map } from 'rxjs';

/** Decorates as `@Get(path)` over a method would: there are no decorators in our own files. */
export function routed(Class: Type, method: string, path: string): void {
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, method) as PropertyDescriptor;
  Get(path)(Class.prototype, method, descriptor);
}

/** Reads a header of the request and sets one of the answer, as the other middleware does. */
function interceptor(name: string): NestInterceptor {
  return {
    intercept(context: ExecutionContext, next: CallHandler) {
      const http = context.switchToHttp();
      const value = http.getRequest().headers['x-client'];
      return next.handle().pipe(
        map((body) => {
          http.getResponse().header(name, value);
          return body;
        }),
      );
    },
  };
}

/** A Nest application on Fastify, that logs nothing. */
export async function nestApp(Root: Type): Promise<NestFastifyApplication> {
  return NestFactory.create<NestFastifyApplication>(Root, new FastifyAdapter(), { logger: false });
}

/** Listens, and gives the port. */
export async function listenNest(app: NestFastifyApplication): Promise<number> {
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer().address() as AddressInfo).port;
}

/** One route behind `count` interceptors for the whole application. */
export async function serveNest(count: number): Promise<number> {
  class Hello {
    world() {
      return { hello: 'world' };
    }
  }
  routed(Hello, 'world', 'world');
  Controller('hello')(Hello);
  class Root {}
  Module({ controllers: [Hello] })(Root);
  const app = await nestApp(Root);
  app.useGlobalInterceptors(...Array.from({ length: count }, (_, i) => interceptor(`x-plugin-${i}`)));
  return listenNest(app);
}
