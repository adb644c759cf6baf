//! A model of SQS: queues with redelivery and dead letters.
