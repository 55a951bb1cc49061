import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { CollectionTools } from './collection-tools.js';
import { CollectionsController } from './collections.controller.js';
import { DocumentsController } from './documents.controller.js';
import { DocumentWriter } from './document-writer.js';
import { DocumentsWriter } from './documents-writer.js';
import { WatchController } from './watch.controller.js';
import { WatchHub } from './watch-hub.js';

@Module({
  imports: [AuthModule],
  controllers: [CollectionsController, WatchController, DocumentsController],
  providers: [CollectionTools, DocumentWriter, DocumentsWriter, WatchHub],
  exports: [CollectionTools],
})
export class CollectionsModule {}
