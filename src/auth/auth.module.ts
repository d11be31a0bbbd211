import { Global, Module } from '@nestjs/common';
import { Authenticator } from './authenticator.js';

/** Gives `Authenticator` to both transports. */
@Global()
@Module({ providers: [Authenticator], exports: [Authenticator] })
export class AuthModule {}
