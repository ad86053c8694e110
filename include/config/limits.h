/* How large what is configured may become. Each bounds memory (promise I11) or the size of a
 * record, and stands here because the options table and the code that makes room for it must agree.
 *
 * Thread: any thread */
#pragma once

enum {
    CLASSES_MIN = 2,             // one class leaves nothing to be decided
    CLASSES_MAX = 1000,          // counts of labels by class have this much room in the label store
    CLASS_BYTES_MAX = 255,       // of a class's name
    FEATURES_MAX = 10000,        // entries of `features:`
    NULL_VALUES_MAX = 1000,      // listed for a feature of type number
    CATEGORY_VALUES_MAX = 10000, // listed for a feature of type category
    VECTOR_MAX = 16384,          // numbers of a feature of type vector
    LIST_MAX = 256,              // entries of an array that count for a feature of type category
    TIME_COLUMNS = 7,            // of a feature of type time
    COLUMNS_MAX = 1 << 20,       // of a row: numbers for each sample of a batch, weights of a class
    HIDDEN_LAYERS_MAX = 4,       // of a multilayer perceptron
    HIDDEN_WIDTH_MAX = 4096,     // of one of them
    MEMORIES_MAX = 16,           // members that are fitted on the last so many labels
    HINGES_MAX = 160,            // columns of a version that bend
    BOOST_TREES_MAX = 64,        // boosted trees of a version: what scoring may cost
    BOOST_ROUNDS_MIN = 8,        // of them that a fit makes, or none: more classes have no trees
    BOOST_COLUMNS_MAX = 1024,    // columns of a row that they may look at: of more there are none
    MEMORY_MAX = 1000000,        // labels that one of them is fitted on
    COMMITTEE_MAX = 32,          // bootstrap members
    MEMBERS_MAX = 256,           // of a version or a task, pushed ones included
    OPINIONS_MAX = 3,          // answers of one sample that are paid for: an id names three readers
    BUDGET_LOAN_MAX = 255,     // labels that a partition may owe: its state has a byte for them
    MIX_MAX = 4,               // measures of a mix: each has its own share of the utility window
    SEGMENTS_MAX = 4,          // features that figures are told apart by
    SEGMENT_VALUES_MAX = 12,   // of each, with a segment of its own
    COST_MAX = 1000000000,     // of a decision: its cube must be a number
    CPU_MAX = 1023,            // number of a processor: what cpu_set_t holds
    CONFIG_FILE_MAX = 1 << 20, // bytes of the file
};
