/* Whose a label store is: the pipeline and the topics that fill it.
 *
 * What is in a store came from certain topics of a certain cluster, and its offsets are theirs. A
 * directory that is handed to another pipeline by mistake would teach it foreign rows, so the owner
 * stands in the store and is compared when it is opened.
 *
 * Thread: any thread */
#pragma once

/* Texts are borrowed. */
struct store_owner {
    const char *service;                 // service.name; NULL: nobody's, and nothing is compared
    const char *tasks, *labels, *models; // names of the topics
    const char *cluster;                 // id of the cluster; NULL or empty: not known
};
