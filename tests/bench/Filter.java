import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Properties;
import java.util.UUID;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;

/**
 * A rival that a team could deploy: Kafka Streams with Jackson, one thread. Per message: parse, thirty numbers, a linear score, entropy, a fixed
 * threshold, and what is worth a label goes to a topic. No budget, no learning. Prints one JSON line: messages, seconds from the first to
 * the last message, CPU seconds of the process in that time.
 *
 *     java Filter BROKERS SAMPLES TASKS MESSAGES STATE_DIR
 */
public final class Filter {
    private static final int NUMBERS = 30;
    private static final double THRESHOLD = 0.6929; // of at most ln 2: about one sample in a hundred
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String[] NAMES = new String[NUMBERS];
    private static long seen, wanted, started, startedCpu;

    private static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) java.lang.management.ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static double entropy(byte[] value) {
        try {
            JsonNode event = JSON.readTree(value);
            double sum = 0;
            for (String name : NAMES) sum += event.get(name).doubleValue();
            double p = 1 / (1 + Math.exp(-sum / 100));
            return p <= 0 || p >= 1 ? 0 : -p * Math.log(p) - (1 - p) * Math.log(1 - p);
        } catch (java.io.IOException e) {
            return -1;
        }
    }

    private static boolean take(byte[] value) {
        if (seen == 0) {
            started = System.nanoTime();
            startedCpu = cpu();
        }
        boolean asks = entropy(value) >= THRESHOLD;
        if (++seen == wanted) {
            System.out.printf("{\"messages\": %d, \"seconds\": %.6f, \"cpu\": %.6f}%n", seen, (System.nanoTime() - started) * 1e-9, (cpu() - startedCpu) * 1e-9);
            System.out.flush();
            Runtime.getRuntime().halt(0);
        }
        return asks;
    }

    public static void main(String[] arguments) {
        for (int i = 0; i < NUMBERS; i++) NAMES[i] = "f" + i;
        wanted = Long.parseLong(arguments[3]);
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "filter-" + UUID.randomUUID());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put("auto.offset.reset", "earliest");
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArray().getClass());
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArray().getClass());
        StreamsBuilder topology = new StreamsBuilder();
        topology.<byte[], byte[]>stream(arguments[1]).filter((key, value) -> take(value)).to(arguments[2]);
        new KafkaStreams(topology.build(), settings).start();
    }
}
